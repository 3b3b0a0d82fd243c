"""Alembic's entry: runs the migrations inside the transaction that ``schema.upgrade`` has opened."""

from alembic import context

from monitors.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
