"""Recipes that run the stages in order, and the embedded data set that the demo runs on."""
