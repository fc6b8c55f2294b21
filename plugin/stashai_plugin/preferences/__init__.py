"""The settings of our form."""
