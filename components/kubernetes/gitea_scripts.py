"""What runs inside the Gitea containers beside Gitea itself: shell of the image, which carries bash and curl."""

ORGANISATION = "mlops"
"""Owner of the repositories that are granted."""

ADMIN = """\
set -eu
/usr/local/bin/docker-setup.sh
run() { gitea --config "$GITEA_APP_INI" "$@"; }
run migrate
name="$(cat /etc/mlops/admin/username)"
secret="$(cat /etc/mlops/admin/password)"
if run admin user list --admin | awk '{print $2}' | grep -qx "$name"; then
  run admin user change-password --username "$name" --password "$secret" --must-change-password=false
else
  run admin user create --admin --username "$name" --password "$secret" --email "$ADMIN_EMAIL" --must-change-password=false
fi
"""
"""Migrates the schema, then makes the administrator or sets its password, which Gitea's command takes as an argument only."""

SERVE = """\
set -eu
touch /tmp/started
exec /usr/local/bin/docker-entrypoint.sh
"""

GRANT = """\
set -eu
umask 077
own() { cat "/etc/mlops/$1/$2"; }
user="$(own user username)"
printf 'user = "%s:%s"\\n' "$(own admin username)" "$(own admin password)" > /tmp/admin
# call METHOD PATH [FILE]: the answer's status
call() {
  method="$1"; path="$2"; shift 2
  [ $# -eq 0 ] || set -- --data "@$1" --header 'Content-Type: application/json'
  curl --silent --show-error --config /tmp/admin --output /tmp/answer --write-out '%{http_code}' \\
    --request "$method" "$@" "$GITEA_URL/api/v1$path"
}
# need METHOD PATH FILE STATUS...: fails, saying what Gitea said, unless the status is one of these
need() {
  method="$1"; path="$2"; file="$3"; shift 3
  status="$(call "$method" "$path" "$file")"
  for wanted in "$@"; do [ "$status" != "$wanted" ] || return 0; done
  echo "$method $path: $status $(head -c 500 /tmp/answer)" >&2
  exit 1
}
# there PATH: whether it exists; any other answer than yes or no is a failure
there() {
  status="$(call GET "$1")"
  case "$status" in
    200) return 0 ;;
    404) return 1 ;;
    *) echo "GET $1: $status $(head -c 500 /tmp/answer)" >&2; exit 1 ;;
  esac
}
if there "/users/$user"; then
  printf '{"login_name": "%s", "source_id": 0, "password": "%s", "must_change_password": false}' \\
    "$user" "$(own user password)" > /tmp/body
  need PATCH "/admin/users/$user" /tmp/body 200
else
  printf '{"username": "%s", "email": "%s", "password": "%s", "must_change_password": false, "restricted": true}' \\
    "$user" "$USER_EMAIL" "$(own user password)" > /tmp/body
  need POST /admin/users /tmp/body 201
fi
if ! there "/orgs/$OWNER"; then
  printf '{"username": "%s", "visibility": "private"}' "$OWNER" > /tmp/body
  need POST /orgs /tmp/body 201 422
fi
if ! there "/repos/$OWNER/$REPOSITORY"; then
  printf '{"name": "%s", "private": true, "auto_init": true, "default_branch": "main"}' "$REPOSITORY" > /tmp/body
  need POST "/orgs/$OWNER/repos" /tmp/body 201 409
fi
printf '{"permission": "write"}' > /tmp/body
need PUT "/repos/$OWNER/$REPOSITORY/collaborators/$user" /tmp/body 204
"""
"""A user, the organisation and the repository where they lack, and the user's right to that repository alone. Passwords are
letters and digits (objects.password) and go by files: nothing to escape, none is an argument of a process."""
