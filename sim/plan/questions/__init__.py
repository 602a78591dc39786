"""One file a question of a plan: a Basis, a link and a Runner in, an Answer out."""
