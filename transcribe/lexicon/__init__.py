"""How names sound and which words are ordinary: knowledge as data, with a README on it."""
