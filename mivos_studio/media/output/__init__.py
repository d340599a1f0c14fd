"""Decides what a writer may replace: `folder` for many files, `file` for one."""
