"""Dossier's answers beside the same model with plain LangChain retrieval, on the same questions in the same run.

python -m benchmarks.answers [--questions FILE] [--docs FOLDER] [--limit N] [--out FOLDER]

By default the finance pack's questions over its documents. Dossier runs whole (benchmarks/running_product.py) and is
asked over HTTP; the model server has room for adapters, so that the base model can be asked by its own name. Both are
judged by the judge of `dossier evaluate answers`; what a chain words as not knowing is a refusal. The records are kept
in --out, so that `dossier evaluate compare` reads them.
"""

if __name__ == "__main__":
    # imported here because the process that reads a document imports this module once more
    from benchmarks.answers_compared import main

    main(__doc__)
