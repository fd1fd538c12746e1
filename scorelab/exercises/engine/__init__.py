"""How an exercise is asked for and judged."""
