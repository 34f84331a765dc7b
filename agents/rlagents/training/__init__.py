"""Recipes that train, exports that write models, evaluations that tell how good they are."""
