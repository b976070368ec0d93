"""C2-CRS and the systems it is compared with, trained on nothing but the tables of a bundle."""
