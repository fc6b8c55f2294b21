"""The ledger and the rows of people and faces, with Peewee."""
