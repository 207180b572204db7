#include <imattr.h>
#include <stdio.h>
int main(void) { const char *accounts[] = {"Zhang Xiaohong", "abc"}; struct imattr_error error;
    struct imattr_result *r = imattr_get_attrs(imattr_open(NULL), accounts, 2, NULL, &error); if (!r) return fprintf(stderr, "%s\n", error.message), 1;
    for (size_t i = 0; i < r->user_count; i++) printf("%s %s\n", r->users[i].account, r->users[i].attrs); }
