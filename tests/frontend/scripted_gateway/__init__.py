"""A working gateway with fixed answers: the contract without model, index and store.

What it says is set by words in the question: `slowly` streams slowly, `break` ends in an error in mid-stream, `hang`
says nothing for long, `image` and `weather` give hostile text and a refusal. People: ada (admin) and ben (analyst),
password `correct horse`. State is kept in a file, so that it can be killed and started again.

Run alone: `python -m tests.frontend.scripted_gateway PORT STATE_FILE`.
"""
