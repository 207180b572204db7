import imattr
try:
    for account, attrs in imattr.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.items(): print(account, attrs)
except imattr.Error as error:
    raise SystemExit(f"imattr: {error}")
