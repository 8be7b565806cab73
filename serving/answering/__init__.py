"""From a question to an answer: the chain, its readings, its words, its replay."""
