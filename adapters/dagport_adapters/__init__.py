"""Legacy pipelines where they are: runners that run them and tell what happens."""
