"""What an operation works with, and how long."""
