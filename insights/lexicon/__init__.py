"""Knowledge as data, with a README on how to change it."""
