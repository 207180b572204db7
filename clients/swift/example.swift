import IMAttrClient
do {
    let result = try await IMAttrClient().getAttrs(["Zhang Xiaohong", "abc"])
    for user in result.userAttrs { print(user.account, user.attrs) }
} catch { error.exit() }
