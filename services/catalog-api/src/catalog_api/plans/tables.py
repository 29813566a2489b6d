"""Service plans: strategy and roadmap documents, versioned and approved, with their targets."""
