require "imattr"

IMAttr::Client.new.get_attrs(["Zhang Xiaohong", "abc"]).user_attrs.each do |user|
  puts "#{user.account} #{user.attrs}"
end
