"""What can be done, what it needs, what was done. Never imports Textual or Rich."""
