"""Practice library: better and worst practices, linked to opportunities."""
