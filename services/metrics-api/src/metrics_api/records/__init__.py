"""Records of the kinds beside incidents, each with its versions and transitions."""
