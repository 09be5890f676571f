"""x."""
import click
@click.command()
def documents() -> None:
    """x."""
