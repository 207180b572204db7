#include <imattr.h>
#include <stdio.h>
int main(void) { const char *accounts[] = {"Zhang Xiaohong", "abc"};
    struct imattr_result *result = imattr_get_attrs(imattr_open(NULL), accounts, 2, NULL, NULL);
    for (size_t i = 0; result && i < result->user_count; i++) printf("%s %s\n", result->users[i].account, result->users[i].attrs); }
