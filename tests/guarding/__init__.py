"""Guarded promotions, through the fake."""
