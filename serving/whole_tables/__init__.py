"""Questions over all rows of a table: code plans them, SQL counts over every row that the index has."""

from serving.whole_tables.lookup import WholeTable, over_whole_table

__all__ = ["WholeTable", "over_whole_table"]
