"""What definitions that people write and that keep their versions have in common: SLIs, SLOs,
alert policies and corrections."""
