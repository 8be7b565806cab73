"""The supervised model server: its command, its process, its probe, its log."""
