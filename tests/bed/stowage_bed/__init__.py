"""The test bed: images, a seeded inner engine, and copies of it for each server under test.

Runs on the controller with the standard library and the command `docker`; ../bed.py has the verbs.
"""
