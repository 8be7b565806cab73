"""What the scripted gateway says and shows."""

PASSWORD = "correct horse"
MODEL = "dossier-finance"
HOSTILE = (
    'Beware <img src=x onerror="window.hurt=1"> and ![pixel](http://198.51.100.7/pixel.png) and '
    "<script>window.hurt=1</script> cost $5 or $6 :smile: [1]."
)
HOSTILE_FILE = '<img src=x onerror="window.hurt=2">![p](http://198.51.100.7/p.png).pdf'
ANSWER = (
    "Larkfield's net sales were **$4.2 billion** in 2025, up 3.5% on the year before [1]. "
    "Operating margin came to 12.1% [2]."
)
GROWTH = "3.51% = (4,213 - 4,070) / 4,070 [1]. Some 999 people worked on it [2]."
DOUBT = "Net sales were $4.2 billion [1]. **Profit** doubled in Asia [2]."
FAULT = {"message": "The model server doesn't answer. Try again in a moment.", "code": "engine_unavailable"}
REFUSAL = "The documents don't say what the weather will be tomorrow."
PASSAGES = (
    (
        "larkfield-annual-report-2025.pdf", 12, ["Financial review", "Net sales"],
        "Larkfield sells garden tools in eleven countries.\nNet sales for 2025 were $4.2 billion, up 3.5% on the year "
        "before. Growth came from the northern region, where two distribution centres opened in spring.",
    ),
    (
        "larkfield-annual-report-2025.pdf", 14, ["Financial review", "Margins"],
        "Operating margin came to 12.1%, after 11.4% in 2024. Freight costs fell by a tenth.",
    ),
    (
        "board-minutes-2025-03.docx", 1, ["Decisions"],
        "The board approved the opening of a second distribution centre in the northern region.",
    ),
)  # fmt: skip
FILES = [
    ("reports/larkfield-annual-report-2025.pdf", "unchanged", "", 210, 64, []),
    ("reports/larkfield-annual-report-2024.pdf", "indexed", "", 198, 61, []),
    ("board/board-minutes-2025-03.docx", "indexed", "", 14, 1, ["board"]),
    ("policies/travel-and-expenses.md", "unchanged", "", 22, 1, []),
    ("scans/lease-2011.pdf", "failed", "It has no text, only pictures. Run it through text recognition.", 0, 9, []),
    ("archive/old.zip", "skipped", "Files of this kind (.zip) aren't read.", 0, 0, []),
    (HOSTILE_FILE, "indexed", "", 1, 1, []),
]
GENERATIONS = [
    ("g000003", "2026-11-20T08:30:00+00:00", 3, 408, 2_900_000, False, ""),
    ("g000004", "2026-11-23T17:05:00+00:00", 4, 420, 3_100_000, False, "A file of it is missing: vectors.faiss."),
    ("g000005", "2026-11-26T09:12:00+00:00", 5, 445, 3_250_000, True, ""),
]
FIGURES = {
    "right": 0.75, "right_before": 0.5, "difference": 0.25, "low": 0.125, "high": 0.375, "questions": 60,
    "forgetting": 0.01, "forgetting_bound": 0.02, "audit_passed": True, "audit": "no difference", "created": "",
    "served_compared": 60, "served_differently": 0,
}  # fmt: skip
MODELS = [
    {"digest": "a" * 64, "name": "first", "base": "small", "figures": FIGURES, "against": []},
    {
        "digest": "b" * 64,
        "name": "<b>second</b>",
        "base": "small",
        "figures": None,
        "against": ["it wasn't tried"],
    },
]
CHART = {
    "title": "LKFD: closing prices", "description": "LKFD: closing prices. 3 of them.", "width": 640, "height": 280,
    "data": {"values": [{"date": f"2026-01-0{day}", "value": 40 + day} for day in (5, 6, 7)]},
    "mark": {"type": "line", "tooltip": True},
    "encoding": {"x": {"field": "date", "type": "temporal"}, "y": {"field": "value", "type": "quantitative"}},
}  # fmt: skip
QUESTIONS = [
    "What were Larkfield's net sales in 2025?",
    "How did the operating margin change from 2024 to 2025?",
    "What did the board decide about distribution centres?",
]
