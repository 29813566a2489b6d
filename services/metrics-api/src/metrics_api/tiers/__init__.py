"""The seven tiers: KRA, KPI, KPT, VMA, SLO, SLI, SIE, as linked definitions."""
