"""The seven tiers: KRA → KPI → KPT → VMA → SLO → SLI → SIE, as linked definitions.

A *KRA* (key result area) is measured by KPIs of services; a KPI's *KPT* is the target that holds
for it; targets serve *VMAs* (vital activities of customers); these rest on *SLOs*, each on its
*SLI*, whose infrastructure raises *SIEs* (infrastructure events). One call gives the whole tree.
"""
