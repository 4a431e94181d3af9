import hashlib

from celery import shared_task

from larder.recipes.models import Recipe


@shared_task(autoretry_for=(OSError,), retry_backoff=True, max_retries=5)
def fingerprint_card(recipe_id: int) -> None:
    """Note the SHA-256 of the uploaded card, by which duplicates are found."""
    recipe = Recipe.objects.get(pk=recipe_id)
    with recipe.card.open("rb") as card:
        fingerprint = hashlib.file_digest(card, "sha256").hexdigest()
    Recipe.objects.filter(pk=recipe_id).update(fingerprint=fingerprint)
