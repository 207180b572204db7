source imattr.bash
accounts=('Zhang Xiaohong' abc)
imattr_get_attrs "${accounts[@]}" || exit
for account in "${accounts[@]}"; do echo "$account ${IMATTR_ATTRS[$account]}"; done
