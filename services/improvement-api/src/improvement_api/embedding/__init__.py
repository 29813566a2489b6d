"""Embedding: how far each of the ten processes is lived, by numerator and denominator."""
