"""Which part of the search brings what, beside what a user would use instead; prints Markdown.

python -m benchmarks.retrieval_ablation [--sets filings handbook ...] [--half held-out] [--limit 200] ...

Pages and documents are right as benchmarks/questions/README.md says. nDCG@10 is at the finest level that a set knows
for all its questions: pages for filings, documents elsewhere, passages for contracts.
"""

if __name__ == "__main__":
    # imported here because the process that reads a document imports this module once more
    from benchmarks.retrieval_comparison import main

    main(__doc__)
