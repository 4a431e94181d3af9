from django.http import HttpResponse
from django.shortcuts import render

HOURS = [("Monday to Friday", "7 to 19"), ("Saturday", "8 to 16"), ("Sunday", "closed")]


def index(request):
    return render(request, "board/index.html", {"hours": HOURS})


def healthz(request):
    return HttpResponse("ok")
