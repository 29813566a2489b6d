"""Dependencies: which service needs which service or vendor product; impact and picture."""
