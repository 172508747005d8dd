"""How each engine decides: models that are tested against the engines themselves."""
