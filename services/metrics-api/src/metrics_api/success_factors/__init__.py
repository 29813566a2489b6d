"""Critical success factors: satisfied by KPIs, linked to an objective or KRA."""
