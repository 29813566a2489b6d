"""Goals: what a plan promises of a KPI, from which baseline and until when; SMART, or refused."""
