"""Deployment protection: GitHub asks before a deployment, and is answered with a verdict.

A *rule* says which service at which gate a repository's environment stands for; a *request* is one
deployment that waits for an answer.
"""
