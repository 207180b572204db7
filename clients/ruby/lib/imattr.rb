# frozen_string_literal: true

require_relative "imattr/version"
require_relative "imattr/errors"
require_relative "imattr/values"
require_relative "imattr/client"

# Asks imattrd for the attributes of Tencent Chat accounts.
#
#   client = IMAttr::Client.new
#   client.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.each { |user| puts "#{user.account} #{user.attrs}" }
module IMAttr
end
