"""The Transactions tab."""
