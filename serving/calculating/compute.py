"""Computes what a question asks for before any model is asked: a comparison of two companies, or a plan over one."""

from dossier.packs import Pack
from retrieval.search import Found, Searcher
from serving.calculating.companies import compare_companies
from serving.calculating.comparisons import companies_in
from serving.calculating.lookup import Computed, Tables, compute_plan
from serving.calculating.plans import Operation, asked_of, look_up_of, plan_of


def compute(
    searcher: Searcher, found: Found, tables: Tables, groups: frozenset[str], pack: Pack, comparing: bool = True
) -> Computed | None:
    """Compute what the question of a search asks for; None where it asks for nothing known here, or nothing is found.

    `tables` are those of each passage's page. Without `comparing` no comparison is planned. Blocks: it reads the index,
    and searches it for each company compared.
    """
    asked = found.query.asked
    if comparing and (compared := companies_in(asked_of(asked), searcher.company_words(groups))):
        return compare_companies(compared, searcher, len(found.passages), groups, pack)
    plan = plan_of(asked, pack.formulas)
    if plan is None or (plan.operation is Operation.COMPARE and not comparing):
        return None
    # `long-term debt, less current portion` may be a row of its own
    named = look_up_of(asked_of(asked)) if plan.operation is Operation.LESS else None
    made = compute_plan(named, searcher, found, tables, groups, pack) if named else None
    return made or compute_plan(plan, searcher, found, tables, groups, pack)
