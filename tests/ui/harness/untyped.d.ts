declare module "mousetrap";
declare module "mousetrap-pause";
