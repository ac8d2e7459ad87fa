"""One outside thing per file. Foreign exceptions end here and become ours."""
