"""What must not be forgotten between two ticks, and what of it a restart finds again."""
