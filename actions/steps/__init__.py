"""The steps of the options: what will be done, doing exactly that, and asking whether it has happened."""
