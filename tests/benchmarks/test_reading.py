"""What code alone answers, with all rules and without some: the product's own chain, nothing in a model's place."""

from pathlib import Path

import pytest

from benchmarks.reading import FirstLine, answer, rules_without
from dossier.packs import index_folder, load_pack
from dossier.settings import Settings
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from serving.answering.chain import DocumentChain
from serving.answering.rules import EVERY_RULE, Rules
from serving.index_view import IndexView

REGIONS = "# Regions\n\n| Sales | 2024 | 2023 |\n|---|---|---|\n| North | 412 | 398 |\n| South | 120 | 100 |\n"
CHANGE = "By how much did North's sales change from 2023 to 2024?"
COMPARISON = "Which region had higher sales in 2024, North or South?"
MISFIT = "What percentage of annual leave does everyone have?"


def test_groups_of_rules_are_named_with_commas() -> None:
    assert rules_without("") == EVERY_RULE
    assert rules_without("fitting, comparing") == Rules(fitting=False, comparing=False)
    with pytest.raises(SystemExit, match=r"no rules guessing\. There are fitting, computing"):
        rules_without("fitting,guessing")


@pytest.mark.model
def test_each_group_of_rules_answers_or_refuses_what_it_is_for(
    settings: Settings, embedder: Embedder, documents: Path
) -> None:
    (documents / "regions.md").write_text(REGIONS)
    pack = load_pack(settings)
    build_index(settings, pack)
    view = IndexView(index_folder(settings, pack.documents), embedder, {})

    def said(question: str, without: str = "") -> str:
        return answer(DocumentChain(view, FirstLine(), settings, pack, rules=rules_without(without)), question)

    assert said(CHANGE).startswith("14 = 412 - 398")
    assert said(CHANGE, "comparing").startswith("14 = 412 - 398")
    assert "14" not in said(CHANGE, "computing")
    assert said(COMPARISON).startswith("North, higher by 292")
    assert "292" not in said(COMPARISON, "comparing")
    assert said(MISFIT) == ""
    assert "27 days" in said(MISFIT, "fitting")
