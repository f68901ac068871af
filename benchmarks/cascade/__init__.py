"""Replays recorded outcomes through the cascade's policy, without asking any model."""
