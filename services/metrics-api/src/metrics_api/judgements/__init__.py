"""Judgements: whether a target was met in each full period in which it held.

- **judgement**: met, missed or unknown, with the figure it was made of; judged anew while figures
  may change, and every version of it is kept.
- **streak**: how many periods running the verdict has been the same.
"""
