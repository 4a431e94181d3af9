from django.apps import AppConfig


class RecipesConfig(AppConfig):
    name = "larder.recipes"
    verbose_name = "Recipes"
