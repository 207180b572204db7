import imattr

for account, attrs in imattr.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.items():
    print(account, attrs)
