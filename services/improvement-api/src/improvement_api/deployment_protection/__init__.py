"""Deployment protection: GitHub asks before a deployment, and is answered with a verdict."""
