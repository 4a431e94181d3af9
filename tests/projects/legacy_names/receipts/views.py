from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render

from receipts.forms import ReceiptForm
from receipts.models import Receipt


def index(request):
    form = ReceiptForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        form.save()
        return redirect("index")
    context = {
        "title": settings.SHOEBOX_TITLE,
        "form": form,
        "receipts": Receipt.objects.order_by("-added"),
    }
    return render(request, "receipts/index.html", context)


def healthz(request):
    return HttpResponse("ok")
